"""Files that follow from the catalog and the contract. Each module gives texts; nothing here writes them."""
