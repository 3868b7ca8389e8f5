import anthropic
from calls import make_calls

client = anthropic.Anthropic(api_key="alice")


def ask(url, retries, tokens, headers):
    message = client.with_options(
        base_url=url, max_retries=retries, default_headers=headers
    ).messages.create(
        model="fake-model", messages=[{"role": "user", "content": "Hello"}], max_tokens=tokens
    )
    return message.content[0].text


make_calls(ask)
