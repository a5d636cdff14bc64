"""Keys by issuer, as the issuers' documentation and gitleaks' rules (MIT) describe them: prefix, alphabet, length."""

from __future__ import annotations

import random
import string

HEX, UPPER, ALNUM = (
    "0123456789abcdef",
    string.ascii_uppercase + "234567",
    string.ascii_letters + string.digits,
)
WORD = ALNUM + "_-"
LOWER = string.ascii_lowercase + string.digits

ISSUED: tuple[tuple[str, tuple[tuple[str, int] | str, ...]], ...] = (
    ("aws", ("AKIA", (UPPER, 16))),
    ("aws-session", ("ASIA", (UPPER, 16))),
    ("github-pat", ("ghp_", (ALNUM, 36))),
    ("github-oauth", ("gho_", (ALNUM, 36))),
    ("github-app", ("ghs_", (ALNUM, 36))),
    ("github-refresh", ("ghr_", (ALNUM, 36))),
    ("github-fine", ("github_pat_", (ALNUM, 22), "_", (ALNUM, 59))),
    ("gitlab-pat", ("glpat-", (WORD, 20))),
    ("gitlab-runner", ("glrt-", (WORD, 20))),
    ("gitlab-trigger", ("glptt-", (HEX, 40))),
    ("slack-bot", ("xoxb-", (string.digits, 12), "-", (string.digits, 12), "-", (ALNUM, 24))),
    (
        "slack-user",
        ("xoxp-", (string.digits, 11), "-", (string.digits, 11), "-", (string.digits, 12), "-", (HEX, 32)),
    ),
    ("slack-app", ("xapp-1-A", (UPPER, 10), "-", (string.digits, 13), "-", (HEX, 64))),
    (
        "slack-hook",
        ("https://", "hooks.slack.com/services/T", (UPPER, 8), "/B", (UPPER, 10), "/", (ALNUM, 24)),
    ),
    ("stripe-live", ("sk_live_", (ALNUM, 24))),
    ("stripe-test", ("sk_test_", (ALNUM, 99))),
    ("stripe-restricted", ("rk_live_", (ALNUM, 32))),
    ("stripe-hook", ("whsec_", (ALNUM, 32))),
    ("google", ("AIza", (WORD, 35))),
    ("google-oauth", ("GOCSPX-", (WORD, 28))),
    ("google-access", ("ya29.", (WORD, 120))),
    ("openai", ("sk-", (ALNUM, 20), "T3BlbkFJ", (ALNUM, 20))),
    ("openai-project", ("sk-proj-", (WORD, 74), "T3BlbkFJ", (WORD, 74))),
    ("anthropic", ("sk-ant-api03-", (WORD, 93), "AA")),
    ("twilio", ("SK", (HEX, 32))),
    ("sendgrid", ("SG.", (WORD, 22), ".", (WORD, 43))),
    ("npm", ("npm_", (ALNUM, 36))),
    ("pypi", ("pypi-AgEIcHlwaS5vcmc", (WORD, 80))),
    ("docker", ("dckr_pat_", (WORD, 27))),
    ("huggingface", ("hf_", (string.ascii_letters, 34))),
    ("azure-ad", ((ALNUM, 3), "8Q~", (ALNUM, 34))),
    ("digitalocean", ("dop_v1_", (HEX, 64))),
    ("databricks", ("dapi", (HEX, 32))),
    ("shopify", ("shpat_", (HEX, 32))),
    ("square", ("sq0atp-", (WORD, 22))),
    ("mailgun", ("key-", (HEX, 32))),
    ("mailchimp", ((HEX, 32), "-us12")),
    ("postman", ("PMAK-", (HEX, 24), "-", (HEX, 34))),
    ("linear", ("lin_api_", (ALNUM, 40))),
    ("notion", ("ntn_", (string.digits, 11), (ALNUM, 35))),
    ("newrelic", ("NRAK-", (UPPER, 27))),
    ("vault", ("hvs.", (WORD, 92))),
    ("terraform", ((ALNUM, 14), ".atlasv1.", (WORD, 64))),
    ("pulumi", ("pul-", (HEX, 40))),
    ("rubygems", ("rubygems_", (HEX, 48))),
    ("doppler", ("dp.pt.", (ALNUM, 43))),
    ("dynatrace", ("dt0c01.", (UPPER, 24), ".", (UPPER, 64))),
    ("grafana", ("glsa_", (ALNUM, 32), "_", (HEX, 8))),
    ("sentry", ("sntryu_", (HEX, 64))),
    ("groq", ("gsk_", (ALNUM, 52))),
    ("perplexity", ("pplx-", (ALNUM, 48))),
    ("replicate", ("r8_", (ALNUM, 37))),
    ("telegram", ((string.digits[1:], 9), ":AA", (WORD, 33))),
    ("atlassian", ("ATATT3", (WORD, 186))),
    ("artifactory", ("AKCp", (ALNUM, 69))),
    ("alibaba", ("LTAI", (LOWER, 20))),
    ("age", ("AGE-SECRET-KEY-1", ("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58))),
    ("1password", ("A3-", (UPPER, 6), "-", (UPPER, 11), "-", (UPPER, 5), "-", (UPPER, 5), "-", (UPPER, 5))),
    ("brevo", ("xkeysib-", (HEX, 64), "-", (ALNUM, 16))),
    ("planetscale", ("pscale_tkn_", (WORD, 43))),
    ("facebook", ("EAAC", (ALNUM, 120))),
    ("figma", ("figd_", (WORD, 40))),
    ("langsmith", ("lsv2_pt_", (HEX, 32), "_", (HEX, 10))),
    ("heroku", ("HRKU-AA", (WORD, 58))),
)


def keys(dice: random.Random) -> str:
    _, parts = dice.choice(ISSUED)
    return "".join(part if isinstance(part, str) else _drawn(dice, *part) for part in parts)


def _drawn(dice: random.Random, alphabet: str, many: int) -> str:
    """Begin and end with a letter or digit: what ends in `-` ends a sentence, too."""
    edges = [character for character in alphabet if character.isalnum()]
    inside = "".join(dice.choice(alphabet) for _ in range(many - 2))
    return dice.choice(edges) + inside + dice.choice(edges)
