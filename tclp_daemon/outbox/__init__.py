"""The outbox is a projection of the store: whatever lies there is made to look as the rows say, again and again."""
