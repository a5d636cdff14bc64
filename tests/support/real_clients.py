"""What three real clients make of a Zep: httpx, aiohttp and the installed zep-cloud SDK.

Each returns the status, or the name of what was raised.
"""

from __future__ import annotations

import asyncio

import aiohttp
import httpx
from zep_cloud.client import Zep

KEY = {"Authorization": "Api-Key a-key"}
PROJECT = "/api/v4/project"
HAS_RETRIES = "max_retries" in Zep.__init__.__code__.co_varnames
"""zep-cloud 4.x asks again by itself; 3.x does not."""


def by_httpx(url: str, timeout_s: float = 5.0) -> object:
    try:
        return httpx.get(url + PROJECT, headers=KEY, trust_env=False, timeout=timeout_s).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


def by_aiohttp(url: str, timeout_s: float = 5.0) -> object:
    async def ask() -> object:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with aiohttp.ClientSession(headers=KEY, timeout=timeout) as session:
            try:
                async with session.get(url + PROJECT) as answer:
                    await answer.read()
                    return answer.status
            except (aiohttp.ClientError, TimeoutError) as error:
                return type(error).__name__

    return asyncio.run(ask())


def by_sdk(url: str, timeout_s: float = 5.0, max_retries: int = 0) -> object:
    retries = {"max_retries": max_retries} if HAS_RETRIES else {}
    with httpx.Client(trust_env=False, timeout=timeout_s) as http:
        zep = Zep(base_url=f"{url}/api/v4", api_key="a-key", httpx_client=http, **retries)
        try:
            zep.project.get()
        except httpx.HTTPError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - the SDK's own, of either major: its status is what counts
            return getattr(error, "status_code", type(error).__name__)
    return "an answer"


CLIENTS = {"httpx": by_httpx, "aiohttp": by_aiohttp, "sdk": by_sdk}
