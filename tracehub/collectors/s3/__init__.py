"""Reading a bucket: its objects are found by listing and by notifications, and handed on in chunks."""
