import openai
from calls import make_calls

client = openai.OpenAI(api_key="alice")


def ask(url, retries, tokens, headers):
    completion = client.with_options(
        base_url=f"{url}/v1", max_retries=retries, default_headers=headers
    ).chat.completions.create(
        model="fake-model", messages=[{"role": "user", "content": "Hello"}], max_tokens=tokens
    )
    return completion.choices[0].message.content


make_calls(ask)
