"""The outbox is a projection of the store: what is in it is made to match the rows, again and again."""
