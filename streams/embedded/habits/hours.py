"""When people are there."""

from streams.embedded.world import Hours

OFFICE = Hours(8, 18, weekdays=5)
SUPPORT_DESK = Hours(7, 20, weekdays=6)
AWAKE = Hours(7, 23, weekdays=7)
