"""AWS Signature Version 4, from both sides: is the caller who it says, and calling AWS as ourselves."""
