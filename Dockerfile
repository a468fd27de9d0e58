FROM python:3.12-slim
WORKDIR /queue-bench
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bench bench
COPY adapters adapters
COPY scenarios scenarios
RUN pip install --no-cache-dir --root-user-action=ignore -c constraints.txt -e .
ENTRYPOINT ["bench"]
CMD ["run"]
