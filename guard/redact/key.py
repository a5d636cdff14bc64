"""API keys that their issuers made to be recognised: a prefix, an alphabet, a length.

The formats are facts from the issuers' documentation and from the rules of gitleaks (MIT), detect-secrets
(Apache-2.0) and GitHub's list of secret scanning patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from guard.redact.likely import entropy_bits
from guard.redact.span import Clue, Family


class Format(NamedTuple):
    """`prefix` as it stands in the text, `rest` of the key behind it, and `bits` of entropy a character."""

    prefix: str
    rest: str
    bits: float = 3.0
    before: int = 0
    """Characters of the key that stand before `prefix`."""


UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
B64 = r"[A-Za-z0-9+/]"
URL64 = r"[A-Za-z0-9_\-]"
ALNUM = "[A-Za-z0-9]"

FORMATS = (
    # clouds
    *(
        Format(prefix, "[A-Z0-9]{16}")
        for prefix in ("AKIA", "ASIA", "ABIA", "ACCA", "AGPA", "AROA", "AIPA", "ANPA", "ANVA", "AIDA")
    ),
    Format("A3T", "[A-Z0-9]{17}"),
    Format("amzn.mws.", UUID),
    Format("ABSK", rf"{B64}{{100,270}}={{0,2}}"),
    Format("bedrock-api-key-", rf"{URL64}{{20,400}}"),
    Format("AIza", rf"{URL64}{{35}}", 3.5),
    Format("GOCSPX-", rf"{URL64}{{28}}"),
    Format("ya29.", rf"{URL64}{{20,1000}}"),
    Format("1//0", rf"{URL64}{{30,200}}"),
    Format("Q~", r"[A-Za-z0-9_~.\-]{31,34}", 3.0, 4),
    Format("LTAI", rf"{ALNUM}{{12,20}}"),
    Format("AKID", rf"{ALNUM}{{32}}"),
    Format("YC", rf"{URL64}{{38}}", 3.5),
    Format("AQVN", rf"{URL64}{{35,38}}", 3.5),
    Format("t1.", rf"{URL64}{{1,300}}={{0,2}}\.{URL64}{{86}}={{0,2}}"),
    *(Format(f"do{kind}_v1_", "[a-f0-9]{64}") for kind in "opr"),
    Format("HRKU-AA", rf"{URL64}{{58}}"),
    Format("dapi", r"[a-f0-9]{32}(?:-[0-9])?"),
    Format("fo1_", rf"{URL64}{{43}}"),
    *(Format(prefix, rf"{B64}{{100,4000}}+={{0,3}}") for prefix in ("fm1a_", "fm1r_", "fm2_")),
    Format("tk-us-", rf"{URL64}{{48}}"),
    Format("v1.0-", "[a-f0-9]{24}-[a-f0-9]{146}"),
    Format("pscale_", r"(?:tkn|oauth|pw)_[A-Za-z0-9_=.\-]{32,64}"),
    Format("4b1d", rf"{ALNUM}{{38}}", 3.5),
    Format(".atlasv1.", r"[A-Za-z0-9\-_=]{60,70}", 3.0, 14),
    *(Format(prefix, rf"{URL64}{{90,120}}") for prefix in ("hvs.", "hvr.")),
    Format("hvb.", rf"{URL64}{{138,300}}"),
    Format("s.", "(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24}", 3.5),
    Format("pul-", "[a-f0-9]{40}"),
    Format("sha256~", rf"{URL64}{{43}}"),
    Format("ops_eyJ", rf"{B64}{{250,4000}}+={{0,3}}"),
    Format(
        "A3-", r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"
    ),
    Format("AGE-SECRET-KEY-1", "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    Format("dp.", r"(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{2,35}\.)?[A-Za-z0-9]{40,44}"),
    Format("nvapi-", rf"{URL64}{{60,70}}"),
    # code, packages, containers
    *(Format(f"gh{kind}_", rf"{ALNUM}{{36,251}}") for kind in "pousr"),
    Format("github_pat_", r"[A-Za-z0-9_]{36,255}"),
    *(
        Format(prefix, rf"{URL64}{{20,300}}(?:\.[0-9a-z]{{2}}\.?[0-9a-z]{{7}})?")
        for prefix in (
            "glpat-",
            "gldt-",
            "glft-",
            "glffct-",
            "glimt-",
            "glrt-",
            "glsoat-",
            "glagent-",
            "gloas-",
            "glptt-",
        )
    ),
    Format("glcbt-", rf"{ALNUM}{{1,5}}_{URL64}{{20}}"),
    Format("GR1348941", rf"{URL64}{{20}}"),
    Format("_gitlab_session=", "[0-9a-z]{32}"),
    *(Format(prefix, r"[A-Za-z0-9_=\-]{24,260}") for prefix in ("ATATT3", "ATCTT3", "ATBB")),
    Format("npm_", rf"{ALNUM}{{36}}"),
    Format("pypi-AgE", rf"{URL64}{{50,1000}}"),
    Format("rubygems_", "[a-f0-9]{48}"),
    Format("CLOJARS_", rf"{ALNUM}{{60}}"),
    Format("oy2", "[a-z0-9]{43}", 3.5),
    Format("cio", rf"{ALNUM}{{32}}", 3.8),
    *(Format(f"dckr_{kind}_", rf"{URL64}{{27,32}}") for kind in ("pat", "oat")),
    Format("AKCp", rf"{ALNUM}{{69}}", 4.0),
    Format("cmVmd", rf"{ALNUM}{{59}}", 4.0),
    Format("sgp_", r"(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}"),
    *(Format(prefix, "[a-f0-9]{40}") for prefix in ("sqp_", "squ_", "sqa_")),
    Format("PMAK-", "[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}"),
    Format("API-", "[A-Z0-9]{26}"),
    Format("CFPAT-", rf"{URL64}{{43}}"),
    Format("pnu_", rf"{ALNUM}{{36}}"),
    Format("ico-", rf"{ALNUM}{{32}}"),
    Format("rdme_", "[a-z0-9]{70}"),
    Format("bkua_", "[a-f0-9]{40}"),
    *(Format(prefix, rf"{URL64}{{22}}\.{ALNUM}{{24}}\.{ALNUM}{{20}}") for prefix in ("pat.", "sat.")),
    # models
    Format(
        "sk-",
        rf"(?:ant-[a-z0-9]{{3,12}}-{URL64}{{40,200}}|(?:proj|svcacct|admin|None|or-v1|lf)-{URL64}{{20,400}}|{ALNUM}{{20,200}}(?:T3BlbkFJ{ALNUM}{{20}})?)",
    ),
    *(Format(prefix, "[A-Za-z]{34}|[A-Za-z0-9]{34,40}") for prefix in ("hf_", "api_org_")),
    Format("pplx-", rf"{ALNUM}{{40,56}}"),
    Format("gsk_", rf"{ALNUM}{{48,56}}"),
    Format("xai-", rf"{ALNUM}{{70,90}}"),
    Format("r8_", rf"{ALNUM}{{37,40}}"),
    Format("lsv2_", "(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    Format("tvly-", rf"{URL64}{{30,60}}"),
    Format("fc-", "[a-f0-9]{32}"),
    Format("pcsk_", r"[A-Za-z0-9_]{50,80}"),
    Format("z_", r"[a-z0-9]{1,12}\.[A-Za-z0-9_\-]{40,200}"),
    # money
    *(
        Format(f"{kind}_{mode}_", rf"{ALNUM}{{10,247}}", 2.8)
        for kind in ("sk", "rk", "pk")
        for mode in ("live", "test", "prod")
    ),
    Format("whsec_", r"[A-Za-z0-9+/=]{24,80}"),
    *(Format(prefix, rf"{URL64}{{22,60}}") for prefix in ("sq0atp-", "sq0csp-", "sq0idp-", "EAAA", "EAAl")),
    *(Format(f"{kind}_TEST-", r"[A-Za-z0-9]{12,32}(?:-X)?", 2.0) for kind in ("FLWSECK", "FLWPUBK")),
    *(Format(f"{kind}-", r"[A-Za-z0-9]{32}-X", 2.0) for kind in ("FLWSECK", "FLWPUBK")),
    *(Format(prefix, r"[A-Za-z0-9_\-=]{40,50}") for prefix in ("duffel_test_", "duffel_live_")),
    Format("live_", "(?:pub_)?[A-Za-z0-9_=\\-]{31,40}", 3.3),
    Format("test_", "(?:pub_)?[a-f0-9]{31,35}", 3.0),
    Format("access_token$production$", "[0-9a-z]{16}[$][0-9a-f]{32}"),
    Format("access-", rf"(?:sandbox|development|production)-{UUID}"),
    *(Format(f"shp{kind}_", "[a-fA-F0-9]{32}") for kind in ("at", "ca", "pa", "ss", "rt")),
    *(Format(f"shippo_{mode}_", "[a-fA-F0-9]{40}") for mode in ("live", "test")),
    *(Format(prefix, rf"{ALNUM}{{54}}") for prefix in ("EZAK", "EZTK")),
    *(Format(f"sm_{kind}_", rf"{ALNUM}{{16}}") for kind in ("aat", "pat", "sat")),
    # messages
    *(
        Format(prefix, r"[A-Za-z0-9\-]{10,250}", 2.5)
        for prefix in (
            "xoxb-",
            "xoxa-",
            "xoxp-",
            "xoxr-",
            "xoxs-",
            "xoxo-",
            "xoxe-",
            "xoxe.xoxb-",
            "xoxe.xoxp-",
            "xoxc-",
            "xoxd-",
            "xapp-",
        )
    ),
    Format("hooks.slack.com/", r"(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}", 2.5),
    Format("/api/webhooks/", rf"[0-9]{{17,20}}/{URL64}{{60,72}}", 2.5),
    Format(".webhook.office.com/webhookb2/", rf"{UUID}@{UUID}/IncomingWebhook/[a-z0-9]{{32}}/{UUID}"),
    Format("SG.", rf"(?:{URL64}{{16,32}}\.{URL64}{{16,64}}|[A-Za-z0-9=_.\-]{{66}})"),
    *(Format(f"{kind}-", rf"[a-f0-9]{{64}}-{ALNUM}{{16}}") for kind in ("xkeysib", "xsmtpsib")),
    Format("SK", "[0-9a-fA-F]{32}"),
    Format("key-", "[a-f0-9]{32}"),
    Format("pubkey-", "[a-f0-9]{32}"),
    Format("-us", "[0-9]{1,2}", 0.0, 32),
    *(Format(":AA", rf"{URL64}{{32,34}}", 3.0, digits) for digits in (8, 9, 10)),
    Format("EAA", r"[MC][A-Za-z0-9]{100,400}"),
    Format("EAACEdEose0cBA", "[0-9A-Za-z]{10,300}"),
    Format("AAAAAAAAAAAAAAAAAAAAA", r"A[a-zA-Z0-9%]{80,100}"),
    # design, data, monitoring
    *(
        Format(prefix, r"\.?[A-Za-z0-9_\-]{20,400}\.[A-Za-z0-9_\-]{20,60}")
        for prefix in ("pk.eyJ", "sk.eyJ", "tk.eyJ")
    ),
    Format("pk.", r"[a-z0-9]{60}\.[a-z0-9]{22}"),
    Format("figd_", rf"{URL64}{{38,46}}"),
    Format("lin_api_", rf"{ALNUM}{{40}}"),
    Format("lin_oauth_", "[a-f0-9]{64}"),
    Format("ntn_", rf"{ALNUM}{{40,50}}"),
    Format("secret_", rf"{ALNUM}{{43}}", 3.5),
    Format("fio-u-", r"[A-Za-z0-9\-_=]{64}"),
    Format("tfp_", r"[A-Za-z0-9\-_.=]{40,64}"),
    Format("p8e-", rf"{ALNUM}{{32}}"),
    Format("pat", rf"{ALNUM}{{14}}\.[a-f0-9]{{64}}"),
    Format("dnkey-", r"[a-z0-9=_\-]{26}-[a-z0-9=_\-]{52}"),
    Format("s-s4t2", "(?:ud|af)-[a-fA-F0-9]{64}"),
    Format("eyJrIjoi", rf"{ALNUM}{{70,400}}={{0,3}}"),
    Format("glc_", rf"{B64}{{32,400}}={{0,3}}"),
    Format("glsa_", rf"{ALNUM}{{32}}_[A-Fa-f0-9]{{8}}"),
    Format("dt0c01.", rf"{ALNUM}{{24}}\.{ALNUM}{{64}}"),
    Format("NRAK-", "[A-Za-z0-9]{27}"),
    Format("NRJS-", "[a-f0-9]{19}"),
    Format("NRII-", r"[A-Za-z0-9\-]{32}"),
    Format("sntrys_", r"[A-Za-z0-9+/=_]{60,500}"),
    Format("sntryu_", "[a-f0-9]{64}"),
    Format("phx_", rf"{ALNUM}{{43,50}}"),
    Format("_mmk", "", 3.0, 36),
    Format("sbp_", "[a-f0-9]{40}"),
    Format("sb_secret_", rf"{URL64}{{20,60}}"),
    *(
        Format(
            f"{kind}_",
            rf"{ALNUM}{{5,30}}\.{ALNUM}{{4,6}}\.acc[_\-][A-Za-z0-9\-]{{10,32}}\.[A-Za-z0-9+/_=\-]{{30,120}}",
        )
        for kind in ("sc", "ext", "scauth", "authress")
    ),
)
KNOWN_EXAMPLE = re.compile(r".*EXAMPLE$|AIzaSyabcdefghijklmnop")
"""What issuers print in their own documentation."""
BEFORE = re.compile(r"[A-Za-z0-9_~.\-]$")
WIDTH = 64
"""Characters of a key whose entropy is looked at."""


def keys(form: Format, rest: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Find the keys of one format."""
    at = text.find(form.prefix)
    while at >= 0:
        match = rest.match(text, at + len(form.prefix))
        start = at - form.before
        if match and start >= 0 and _is_key(form, text, start, match.end()):
            yield start, match.end()
            at = match.end() - len(form.prefix)
        at = text.find(form.prefix, at + len(form.prefix))


def _is_key(form: Format, text: str, start: int, end: int) -> bool:
    if not _begins(text, start) or not _leads(form, text[start : start + form.before]):
        return False
    unique = text[start : start + form.before] + text[start + form.before + len(form.prefix) : end]
    return entropy_bits(unique[:WIDTH]) >= form.bits and not KNOWN_EXAMPLE.match(text[start:end])


def _begins(text: str, start: int) -> bool:
    r"""Not inside a word, but behind the `\n` of an escaped line is no word."""
    before = text[max(0, start - 2) : start]
    return not (before[-1:].isascii() and before[-1:].isalnum()) or before in (r"\n", r"\t", r"\r")


def _leads(form: Format, lead: str) -> bool:
    match form.prefix:
        case "Q~":
            return lead[3:].isdigit() and not set(lead) & set(" \"'\n=:,")
        case "-us":
            return all(character in "0123456789abcdef" for character in lead)
        case ":AA":
            return lead.isdigit()
        case "_mmk":
            return lead[6:7] == "_" and lead.replace("_", "").isalnum()
    return not form.before or lead.isalnum()


def _family(form: Format) -> Family:
    rest = re.compile(rf"(?:{form.rest})(?![A-Za-z0-9])")
    return Family("api_key", (_clue(form),), partial(keys, form, rest))


def _clue(form: Format) -> Clue:
    """Return the prefix and ten characters more, so that `pat` is not found in every path."""
    tail = r"[A-Za-z0-9_.~+/=$%@\-]{10}" if not form.before else ""
    lead = "[0-9a-f]" if form.prefix == "-us" else "[A-Za-z0-9~]" if form.before else ""
    return Clue(literals=(form.prefix,), pattern=f"{lead}{re.escape(form.prefix)}{tail}")


FAMILIES = tuple(map(_family, FORMATS))
