"""chaos breaks: fault injectors, the Zep double and the stacks they run in."""
