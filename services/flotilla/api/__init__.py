"""What an internal REST service is made of: settings, identity, problem details, pages, strict input, its schema."""
