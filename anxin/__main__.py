"""``python -m anxin``: the same as the command ``anxin``."""

from anxin.cli import main

if __name__ == "__main__":
    main()
