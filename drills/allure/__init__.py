"""Allure: a drill's journal as Allure's results; loaded only where `--alluredir` is given."""
