"""Foreign labs → packs: Killercoda and Katacoda scenarios, long markdown labs, question lists."""
