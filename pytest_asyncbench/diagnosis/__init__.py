"""Why a server is slow, and whether a comparison is fair. Pure, over what was measured and counted."""
