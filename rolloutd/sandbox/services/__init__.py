"""The services of the sandbox and the traffic between them."""
