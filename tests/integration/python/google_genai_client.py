from calls import make_calls
from google import genai
from google.genai import types

client = genai.Client(api_key="alice")


def ask(url, retries, tokens, headers, delay=None):
    # Without options for retries, as in the client's default, there are none.
    options = types.HttpRetryOptions(attempts=1 + retries, initial_delay=delay, jitter=0) if retries else None
    config = types.GenerateContentConfig(
        max_output_tokens=tokens,
        http_options=types.HttpOptions(base_url=url, headers=headers, retry_options=options),
    )
    return client.models.generate_content(model="fake-model", contents="Hello", config=config).text


make_calls(ask)
