"""The Faust agent of a partition: the whole way of an event, as one reads it."""

from typing import Any

import faust
from faust.types import StreamT

from streams.worker.batch import Batch
from streams.worker.table import KpiTable


def table_agent(app: faust.App, channel: Any, table: KpiTable) -> Any:
    """An agent that keeps one partition's table: open it, then apply batch after batch as they come.

    An error never leaves the table: Faust would restart the agent and go on with the next batch.
    """

    async def keep(batches: StreamT[Batch]) -> None:
        await table.open()
        async for batch in batches:
            try:
                await table.take(batch)
            finally:
                if batch.share is not None:
                    batch.share.release()

    return app.agent(channel, name=f"kpi-table-{table.partition.partition}")(keep)
