"""A web shop: an order is stored, then stock, mail and audit follow from it."""
