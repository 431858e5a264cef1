"""One memory budget for all partitions of a worker: what is fetched and not yet applied.

Half of it is divided among the partitions, so that each always has a part that nobody can take from it; the
other half goes to whoever comes first, beyond that part. A partition that stands still keeps what it has got
and no more, and who waits for room waits only for its own earlier fetches to be applied: no partition waits
for another one.
"""

import asyncio
from typing import Final

BUDGET_RECORDS: Final = 32_000
BUDGET_BYTES: Final = 64_000_000
RECORD_BYTES: Final = 100
"""What a record takes beside its value, about."""
GUESS_BYTES: Final = 1_000
"""Of a record, until the first have come."""
MOUTHFUL: Final = 10
"""Below this part of what was asked for, who has something to do already waits for more room."""


class Budget:
    """Counts records and bytes (after decompression) of all accounts.

    What is granted never exceeds the limits, but for one record of a partition that has none: a record
    larger than the budget goes through alone. The bytes of a fetch are foretold from the fetch before, so
    they may exceed the limit by what the records have grown since; the next fetches wait for that.
    """

    def __init__(self, records: int = BUDGET_RECORDS, bytes_: int = BUDGET_BYTES) -> None:
        self._records = records
        self._half_records = records // 2
        self._half_bytes = bytes_ // 2
        self._accounts: set[Account] = set()
        self.records = 0
        self.bytes = 0

    def open(self) -> "Account":
        """An account for one more partition."""
        account = Account(self)
        self._accounts.add(account)
        return account

    def close(self, account: "Account") -> None:
        self._accounts.discard(account)

    def move(self, records: int, bytes_: int) -> None:
        """Take (or give back) so much, of an account that has checked `left`."""
        self.records += records
        self.bytes += bytes_

    def left(self, account: "Account", *, greedy: bool) -> tuple[int, int]:
        """(records, bytes) that this account may take more; `greedy`: also of the half for whoever comes."""
        number = max(1, len(self._accounts))
        own_records, own_bytes = self._half_records // number, self._half_bytes // number
        records, bytes_ = own_records - account.records, own_bytes - account.bytes
        if greedy:  # what is left of its own part, and of the common half what nobody has beyond his own
            taken_records = sum([max(0, one.records - own_records) for one in self._accounts])
            taken_bytes = sum([max(0, one.bytes - own_bytes) for one in self._accounts])
            records = max(0, records) + max(0, self._half_records - taken_records)
            bytes_ = max(0, bytes_) + max(0, self._half_bytes - taken_bytes)
        # Only who has come while others had it all finds no room for its own part.
        return min(records, self._records - self.records), bytes_


class Account:
    """What one partition has of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._shares: set[Share] = set()
        self._released = asyncio.Event()
        self._size = GUESS_BYTES
        """Bytes of a record of the last fetch."""
        self.records = 0
        self.bytes = 0

    async def reserve(self, records: int, *, greedy: bool) -> "Share":
        """Room for up to so many records, at least one, as soon as there is some; the share says how many."""
        while not (granted := self._grantable(records, greedy)):
            self._released.clear()
            await self._released.wait()
        share = Share(self)
        self._shares.add(share)
        share.settle(granted, granted * self._size)
        return share

    def _grantable(self, asked: int, greedy: bool) -> int:
        records, bytes_ = self._budget.left(self, greedy=greedy)
        room = min(asked, records, bytes_ // self._size)
        if not self._shares:
            return max(1, room)
        return room if room > asked // MOUTHFUL else 0

    def fetched(self, share: "Share", records: int, bytes_: int) -> None:
        """What the fetch has brought in fact, before its share goes on its way."""
        if records:
            self._size = max(1, bytes_ // records)
        share.settle(records, bytes_)

    def move(self, records: int, bytes_: int) -> None:
        self.records += records
        self.bytes += bytes_
        self._budget.move(records, bytes_)

    def forget(self, share: "Share") -> None:
        self._shares.discard(share)
        self._released.set()

    def close(self) -> None:
        """Give everything back: the partition is no longer ours."""
        for share in list(self._shares):
            share.release()
        self._budget.close(self)


class Share:
    """What one fetch takes, from before it until its records are applied or dropped."""

    def __init__(self, account: Account) -> None:
        self._account: Account | None = account
        self.records = 0
        self.bytes = 0

    def settle(self, records: int, bytes_: int) -> None:
        """Be of this size from now on. Nothing, once it was given back."""
        if self._account is not None:
            self._account.move(records - self.records, bytes_ - self.bytes)
            self.records, self.bytes = records, bytes_

    def release(self) -> None:
        """Give it back; harmless twice."""
        self.settle(0, 0)
        account, self._account = self._account, None
        if account is not None:
            account.forget(self)
