"""Products: the catalogue and the stock, their one owner. Tells what has changed; answers orders that want stock."""
