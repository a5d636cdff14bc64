// Drives a Toxiproxy with the published Node client: a JSON command a line in, {"value"} or {"error"} a line out.
const { createInterface } = require("node:readline");
const { Toxiproxy } = require("toxiproxy-node-client");

const server = new Toxiproxy(process.argv[2]);
const json = (proxy) => proxy.toJson();
const toxic = async (proxy, name) => (await server.get(proxy)).getToxic(name);

const commands = {
  version: async () => server.getVersion(),
  create: async (body) => json(await server.createProxy(body)),
  populate: async ({ proxies }) => Object.values(await server.populate(proxies)).map(json),
  get: async ({ name }) => json(await server.get(name)),
  all: async () => Object.keys(await server.getAll()),
  reset: async () => server.reset(),
  remove: async ({ name }) => (await server.get(name)).remove(),
  enable: async ({ name, enabled }) => {
    const proxy = await server.get(name);
    return json(await proxy.update({ enabled, listen: proxy.listen, upstream: proxy.upstream }));
  },
  add: async (options) => (await (await server.get(options.name)).addToxic(options.toxic)).toJson(),
  toxics: async ({ name }) => (await server.getApi().get(`${(await server.get(name)).getPath()}/toxics`)).data,
  take: async (options) => (await toxic(options.name, options.toxic)).remove(),
};

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...options } = JSON.parse(line);
    const answer = await commands[command](options).then(
      (value) => ({ value: value ?? null }),
      (error) => ({ error: String(error.message) }),
    );
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
})();
