"""The sentences, logs and code that carry a value at {}; our own.  Even ones are for dev, odd ones held out."""

from __future__ import annotations

CHAT = (
    *("{}", "My details: {}.", "please use {} thanks", "it is {}, ok?", "({})", "\u00ab{}\u00bb", "Ben {} kullan\u0131yorum", "\u201c{}\u201d"),
    *("so {} and nothing else", "user: {}\nassistant: noted", "* {}\n* something else", "l\u00fctfen {} olarak kaydet", "Danke! {} stimmt."),
    *("Here you go:\n\n{}\n\nregards, Ann", "> {}\nreceived", "\U0001f600 {} \U0001f600", "sure\u2026 {}", "{} is right!", "hi,{},bye", "<b>{}</b>"),
    *("| name | value |\n|---|---|\n| ann | {} |", "Voil\u00e0 : {}", "ok => {}", "[{}]", "{};", "first {}\nsecond line", "'{}'", '"{}"'),
)
MAIL = (
    *("mail me at {}", "<{}>", "mailto:{}", "To: Ann <{}>", "e-posta adresim {}", "write to {}.", "{} adresine yaz", "contact={}&x=1"),
    *('{{"email": "{}"}}', "From: {}\nSubject: hi", "E-Mail:{}", "cc {}; bcc nobody", "ping {}!", "user {} logged in from web", "email:{}"),
)
CALL = (
    *("call me at {}", "my phone number is {}", "tel: {}", "Telefon numaram {}", "WhatsApp {} please", "Cep: {}", "ring {} after six"),
    *("Mobile: {}", "phone={}", "you can reach me on {}", "Rufnummer {}", "m\u00f3vil {}", "beni {} numaras\u0131ndan ara", "Fax {}", "SMS to {}"),
    *("mon num\u00e9ro: {}", "contact number {}, evenings", "tel:{}", "{} is my phone", "\u0442\u0435\u043b. {}", "my cell is {}!", "T\u00e9l\u00e9phone : {}"),
)
CARD = (
    *("my card is {}", "visa {}", "pay with {} exp 12/28", "Kart no: {}", "card={}", "PAN {} declined", "{} 12/27 123", "{{\"card\": \"{}\"}}"),
    *("charge {} please", "CC#: {}", "kredi kart\u0131m {}", "{}\n{} again", "refund to {}."),
)
IBAN = (
    *("IBAN {}", "IBAN: {}", "transfer to {} please", "my account {}, thanks", "{} hesab\u0131na yat\u0131r", "Konto {}", "iban={}", '{{"iban":"{}"}}'),
    *("send 250 EUR to {}.", "Bitte auf {} \u00fcberweisen", "beneficiary:\n{}\nreference 12", "IBAN:{} BIC COBADEFF"),
)
HOST = (
    *("ping {}", "from {} port 22", "server at {} is down", "ssh root@{}", "client={} status=200", "Connection from {} closed", "ip: {}", "host {}, up"),
    *('"remote_addr": "{}"', "{} - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326", "X-Forwarded-For: {}", "my ip is {}", "dns {}; ok"),
)
SSN = (
    *("my SSN is {}", "ssn: {}", "Social Security Number {}", "social {} on file", "SSN={}", "her social security number: {}", "SSN {}, thanks"),
    *('{{"ssn": "{}"}}', "SS# {}", "taxpayer ssn {} verified", "number for SSA: {} (ssn)"),
)
URL = (
    *("postgres://{}@db.example.com:5432/prod", "https://{}@example.com/path", "clone https://{}@git.example.org/a.git", "redis://{}@cache:6379/0"),
    *("DATABASE_URL=mysql://{}@db-1/app", "amqp://{}@mq.internal/vhost", "see ftp://{}@ftp.example.net", "mongodb+srv://{}@cluster0.example.net/x?w=majority"),
    *("proxy: http://{}@proxy.local:3128", '"url": "smtp://{}@mail.example.com:587"', "curl https://{}@api.example.com/v1/me", "<jdbc://{}@host/db>"),
)
KEY = (
    *("export KEY={}", "key: {}", "my key is {} keep it", "curl -H 'X-Auth: {}'", '{{"k": "{}"}}', "const k = '{}';", "`{}`", "token {}\n", "{} leaked", "x={}&y=2"),
    *("line one\\n{}\\n", "I pasted {}, sorry", "- name: KEY\n  value: {}", "use {}.", "({})", "https://example.com/?k={}"),
)
PASSWORD = (
    *("password: {}", "DB_PASSWORD={}", '{{"password": "{}"}}', "passwd = '{}'", "my password is {}", "PGPASSWORD={} psql", "pwd={}&user=ann", "\u015fifrem {}"),
    *("login --password {} --user ann", "spring.datasource.password={}", "password = \"{}\"", "the password is {} ok", "MYSQL_ROOT_PASSWORD: {}", "parola: {}"),
    *("?user=ann&password={}", "Server=db;User Id=sa;Password={};", "Passwort: {}", "password => '{}'", "contrase\u00f1a: {}", "<password>{}</password>"),
)
TOKEN = (
    *("api_key={}", '{{"access_token": "{}"}}', "client_secret: {}", "SECRET_KEY = '{}'", "X-API-Key: {}", "?token={}&page=2", "AUTH_TOKEN={}", "secret: {}"),
    *("--api-key {}", 'apiKey: "{}",', "refresh_token={}", "export APP_SECRET={}", "  token: {}", "https://example.com/hook?access_token={}", "private_key={}"),
)
HEADER = (
    *("Authorization: Bearer {}", "authorization: bearer {}", "-H 'Authorization: Bearer {}'", '"Authorization": "Bearer {}"', "Bearer {}", "use bearer {}"),
)
CLEAN = (
    *("order {n10} shipped on 2026-0{n1}-1{n1} at 1{n1}:2{n1}:3{n1}", "ts={n13} took {n3}ms", "invoice #{n8}, total 1.2{n2},50 TL", "build 1.{n1}.{n2}.{n1}{n1} passed"),
    *("commit {hex40} by bot", "id {uuid} done", "[2026-01-0{n1}T1{n1}:2{n1}:0{n1}.{n6}Z] INFO worker-{n2} pid={n5} ok", "epoch 17{n8}", "price $1,2{n2}.99, was $2,{n3}.00"),
    *("lat 41.{n6}, lon 28.{n6}", "tracking TR{n9}TR", "ISBN 978-3-16-1484{n2}-0", "sha256:{hex40}{hex24}", "version 1{n1}.{n1}.{n1}.{n1} released", "from 1{n1}:30 to 18:00 on 2026"),
    *("the password is wrong", "reset your password: click the link", "tokens: {n4}, max_tokens={n4}", "def login(user: str, password: str = None) -> Token:", "password=password, token=token"),
    *("os.environ['API_KEY']", "secret: ${{DB_SECRET}}", "password: <your-password>", "see https://example.com/a/b?page=2&id={n6}", "git@github.com:ann/repo.git", "npm i left-pad@1.{n1}.{n1}"),
    *("score 3-2, 2026-27 season, 100-200 people", "logo@2x.png and icon@3x.png", "@ann did you see @property?", "room {n3}, floor {n1}, seat {n2}A", "{n3} + {n3} = {n4}", "rows {n6} {n6} {n6}"),
    *("std::vector<int> a::b dead::beef", "aa:bb:cc:dd:ee:0{n1} is the MAC", "x[::1] and y[::-1]", "ratio 1:2:3:4, time 12:34:56.{n6}", "call the function with 10{n1} arguments", "section 1.2.3.{n1} of the manual"),
    *("user {n18} joined guild {n18}", "my order number is {n10}", "sipari\u015f no {n11}", "weights 70.5 kg, 1{n2} cm, {n2} years", "duplicate entries in the dictionary", "compass and bypass are words"),
    *("bearer of bad news", "the secret is to add salt", "key=value pairs", "Authorization: Bearer <token>", "keyboard: qwerty, monkey=1", "https://example.com:8080/path", "{n4}-{n4}-{n4}-{n4} is no card"),
    *("Merhaba, yar\u0131n saat 15:30'da g\u00f6r\u00fc\u015felim mi? 3 ki\u015fiyiz.", "The 2024 budget was 1 234 567 890 dollars", "cluster-{n5}-{n6}", "SELECT * FROM t WHERE id = {n12} LIMIT 100", "POST /v1/items/{n8} 200 {n5}"),
    *("DOI 10.1000/{n6}", "RFC 5322 and RFC 3696", "zip 34{n3}, box {n4}", "temperature -12.{n1} to +2{n1}.{n1} C", "+{n2} points, +{n3} more", "uuid={uuid};", "chr1:{n8}-{n8}", "0x{hex24}", "#{n6} closed"),
    *("I like to talk about phones and the number seven", "my number one song", "page 2 of 10, 300 dpi, 1920x1080", "3.14159265358979", "1.0E+10 and 6.02e23", "ETA 2026-03-0{n1} 09:00-10:00", "10.1{n1}.2 is out"),
)
"""Nothing here is anybody's; {{n5}} are so many digits."""
