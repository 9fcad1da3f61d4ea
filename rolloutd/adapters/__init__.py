"""One folder per outside system, each turning its errors into ours."""
