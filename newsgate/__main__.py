"""`python -m newsgate`."""

from newsgate.main import main

if __name__ == "__main__":
    main()
