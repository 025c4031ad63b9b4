"""The sync conversation as pure state machines: events in, commands out."""
