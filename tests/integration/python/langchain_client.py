from calls import make_calls
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Greeting(BaseModel):
    text: str


def seen(message):
    return {"text": message.text, "metadata": message.response_metadata, "usage": message.usage_metadata}


def ask(url, caller, how, retries=0, **options):
    model = ChatOpenAI(model="fake-model", api_key=caller, base_url=f"{url}/v1", max_retries=retries, **options)
    if how == "structured":
        return str(model.with_structured_output(Greeting).invoke("Hello"))
    if how == "with_retry":
        return seen(model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke("Hello"))
    if how == "stream":
        whole = None
        for chunk in model.stream("Hello"):
            whole = chunk if whole is None else whole + chunk
        return seen(whole)
    return seen(model.invoke("Hello"))


make_calls(ask)
