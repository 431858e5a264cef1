"""Files that are made from the catalog: the reference of KPIs, and what others build from it."""
