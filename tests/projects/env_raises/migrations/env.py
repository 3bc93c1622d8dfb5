raise RuntimeError("settings missing: APP_SECRET")
