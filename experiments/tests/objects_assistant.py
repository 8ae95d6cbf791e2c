"""What the addresses of the assistant point at, for the walk over all routes."""

from experiments.models import ChatMessage, ChatThread
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


def make_thread(workspace: Workspace, owner: User) -> ChatThread:
    thread: ChatThread = ChatThread.objects.create(workspace=workspace, owner=owner, title="A recommender")
    ChatMessage.objects.create(thread=thread, number=1, author="person", text="Recommend films from ratings.")
    return thread


@objects_for("experiments:assistant_*", "pk")
def thread(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_thread(workspace, owner).pk}


@objects_for("experiments:assistant_apply", "pk", "message")
def proposal(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_thread(workspace, owner)
    message = ChatMessage.objects.create(thread=made, number=2, author="assistant", text="Nothing to propose.")
    return {"pk": made.pk, "message": message.pk}


@objects_for("api:*", "message_id")
def message_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_thread(workspace, owner)
    return {"message_id": ChatMessage.objects.create(thread=made, number=2, author="assistant", text="Nothing.").pk}
