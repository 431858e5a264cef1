"""The memory budget: never more than its limit, never a partition that waits for another, nothing leaks."""

import asyncio
import random

import pytest

from streams.worker.budget import Account, Budget, Share
from tests.worker.builders import until

ASKED = 5_000


def is_waiting(task: "asyncio.Task[Share]") -> bool:
    return not task.done()


async def test_alone_a_partition_gets_what_it_asks_for_until_the_budget_is_used() -> None:
    budget = Budget(12_000, 10**9)
    account = budget.open()
    first, second, last = [await account.reserve(ASKED, greedy=True) for _ in range(3)]
    assert (first.records, second.records, last.records) == (ASKED, ASKED, 2_000)
    third = asyncio.create_task(account.reserve(ASKED, greedy=True))
    await asyncio.sleep(0)
    assert is_waiting(third)
    first.release()
    assert (await third).records == ASKED


async def test_no_partition_waits_for_one_that_stands_still() -> None:
    """Three of four take all they can and give nothing back; the fourth still goes on, again and again."""
    budget = Budget(32_000, 10**9)
    *still, lively = [budget.open() for _ in range(4)]
    for account in still:
        await take_all(account)
    for _ in range(100):
        share = await lively.reserve(ASKED, greedy=True)
        assert share.records >= 32_000 // 2 // 4
        share.release()
    assert budget.records <= 32_000


async def take_all(account: Account) -> list[Share]:
    """All that it gets without waiting."""
    shares: list[Share] = []
    while True:
        task = asyncio.create_task(account.reserve(ASKED, greedy=True))
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            return shares
        shares.append(task.result())


async def test_who_expects_little_leaves_the_common_half_to_others() -> None:
    budget = Budget(32_000, 10**9)
    accounts = [budget.open() for _ in range(100)]
    waiting = [await account.reserve(ASKED, greedy=False) for account in accounts[1:]]
    assert {share.records for share in waiting} == {160}
    assert (await accounts[0].reserve(ASKED, greedy=True)).records >= 160


@pytest.mark.parametrize("number", [4, 16, 64])
async def test_what_others_have_of_their_own_parts_takes_nothing_from_the_common_half(number: int) -> None:
    """Idle pumps wait with a part each; the busy one still has its own part and all of the common half."""
    budget = Budget(32_000, 10**9)
    busy, *idle = [budget.open() for _ in range(number)]
    for account in idle:
        await account.reserve(ASKED, greedy=False)
    shares = await take_all(busy)
    assert sum(share.records for share in shares) > 16_000
    assert budget.records <= 32_000


async def test_the_common_half_of_the_bytes_is_what_nobody_has_beyond_his_own_part() -> None:
    budget = Budget(10**9, 64_000_000)
    busy, *idle = [budget.open() for _ in range(16)]
    for account in idle:
        account.fetched(await account.reserve(ASKED, greedy=False), 1_000, 2_000_000)
    shares = await take_all(busy)
    assert 32_000_000 < sum(share.bytes for share in shares) <= 34_000_000


async def test_who_comes_while_others_have_it_all_goes_on_record_by_record() -> None:
    budget = Budget(32_000, 10**9)
    shares = await take_all(budget.open())
    newcomer = budget.open()
    share = await newcomer.reserve(ASKED, greedy=True)
    assert share.records == 1
    share.release()
    shares[0].release()
    assert (await newcomer.reserve(ASKED, greedy=False)).records == ASKED


async def test_bytes_count_as_well_and_what_a_fetch_brought_foretells_the_next() -> None:
    budget = Budget(10**9, 64_000_000)
    account = budget.open()
    share = await account.reserve(ASKED, greedy=True)
    account.fetched(share, 128, 128 * 500_000)
    assert budget.bytes == 64_000_000
    task = asyncio.create_task(account.reserve(ASKED, greedy=True))
    await asyncio.sleep(0)
    assert is_waiting(task)
    share.release()
    assert (await task).records == 128


async def test_a_record_larger_than_the_budget_goes_through_alone() -> None:
    budget = Budget(10, 1_000)
    account = budget.open()
    share = await account.reserve(ASKED, greedy=True)
    assert share.records == 1
    account.fetched(share, 1, 5_000_000)
    task = asyncio.create_task(account.reserve(ASKED, greedy=True))
    await asyncio.sleep(0)
    assert is_waiting(task)
    share.release()
    assert (await task).records == 1


async def test_a_partition_that_is_let_go_gives_everything_back() -> None:
    budget = Budget()
    account, other = budget.open(), budget.open()
    shares = await take_all(account)
    account.close()
    assert (budget.records, budget.bytes) == (0, 0)
    for share in shares:  # their batches may still be on their way
        share.settle(1, 1)
        share.release()
    assert (budget.records, budget.bytes) == (0, 0)
    assert (await other.reserve(10**6, greedy=True)).records == 32_000


@pytest.mark.parametrize("seed", range(30))
async def test_nothing_leaks_and_nobody_stalls_whatever_is_cancelled(seed: int) -> None:
    """Pumps reserve, fetch, are cut off anywhere, apply late or never before their partition is let go."""
    chance = random.Random(seed)
    limit = chance.choice((10, 1_000, 32_000))
    budget = Budget(limit, 10**9)
    applied = [0] * chance.randint(1, 5)
    over = [0]

    async def pump(number: int) -> None:
        account = budget.open()
        try:
            while applied[number] < 20:
                share = await account.reserve(chance.randint(1, 200), greedy=chance.random() < 0.7)
                over.append(budget.records - limit - len(applied))
                try:
                    await asyncio.sleep(0)
                    account.fetched(share, chance.randint(0, share.records), 10)
                    if chance.random() < 0.1:
                        raise ValueError("what was fetched is dropped")
                    asyncio.get_running_loop().call_soon(share.release)
                    applied[number] += 1
                except ValueError:
                    share.release()
        finally:
            account.close()

    async def restless(number: int) -> None:
        """The pump of a partition that comes and goes."""
        while applied[number] < 20:
            task = asyncio.create_task(pump(number))
            for _ in range(chance.randint(0, 30)):
                await asyncio.sleep(0)
            if chance.random() < 0.5:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(20):
        await asyncio.gather(*(restless(number) for number in range(len(applied))))
    await until(lambda: (budget.records, budget.bytes) == (0, 0))
    assert max(over) <= 0, "more than the budget, and one record of each"
