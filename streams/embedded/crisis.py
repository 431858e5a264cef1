"""A company that is well, and a crisis that comes over it: for tests of alerts, and to see some.

    time    begins             + WAVE_AFTER         + LASTS
    answers |<---------- take `SLOWER` times as long --------->|
    customers                  |<- WAVE_LASTS ->|   `LEAVE` of them churn

Before and behind it nothing is to be alarmed about. What the usual company leaves lying for ever is not left
lying by this one.
"""

from dataclasses import dataclass
from typing import Final

from streams.embedded.stories.customers import churned
from streams.embedded.world import HOUR_MS, MINUTE_MS, Care, Crunch, Story, World

WELL: Final = Care(
    forgets=False, unevenness=0.5, catching_up_ms=20 * MINUTE_MS, loyalty=4.0, outages=False, delights=True
)

LASTS_MS: Final = 30 * HOUR_MS
SLOWER: Final = 30.0
WAVE_AFTER_MS: Final = 18 * HOUR_MS
WAVE_LASTS_MS: Final = 6 * HOUR_MS
LEAVE: Final = 0.18


@dataclass(frozen=True, slots=True)
class Crisis:
    """First everybody waits for answers, then customers leave."""

    begins_ms: int

    @property
    def crunch(self) -> Crunch:
        return Crunch(self.begins_ms, self.begins_ms + LASTS_MS, SLOWER)

    def wave(self, world: World) -> Story:
        """The customers that leave, evenly over the time of the wave."""
        yield self.begins_ms + WAVE_AFTER_MS - world.now_ms
        leavers = int(LEAVE * len(world.members))
        for _ in range(leavers):
            yield WAVE_LASTS_MS // leavers
            customer = world.members.draw(world.rng)
            if customer is not None:
                churned(world, customer)
