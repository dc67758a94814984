"""The users service: accounts over three databases, logging in, and the join of people with their orders."""
