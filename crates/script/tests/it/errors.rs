//! Calls that go wrong, and where it is said to have been.
