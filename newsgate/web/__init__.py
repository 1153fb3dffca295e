"""The web page of newsgate: what the commands show and do, in a browser, by the same tasks."""
