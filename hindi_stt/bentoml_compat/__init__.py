"""Every patch and private access of BentoML, uvicorn, Starlette and prometheus_client."""
