"""What of an answer is kept for reports: the first choice, all tool calls, and no more than a bound."""

from sseprobe.dialects.base import Delta, DeltaKind
from sseprobe.streams.kept_answer import MAX_NAME_CHARS, MAX_TEXT_CHARS, KeptAnswer


def text(said: str, choice: int = 0) -> Delta:
    return Delta(DeltaKind.TEXT, said, choice=choice)


def test_the_text_of_the_first_choice() -> None:
    answer = KeptAnswer()
    for delta in (text("a"), text("x", choice=1), text("b"), Delta(DeltaKind.REASONING, "why")):
        answer.add_text(delta)
    assert (answer.text_of(DeltaKind.TEXT), answer.text_of(DeltaKind.REASONING), answer.is_cut) == ("ab", "why", False)


def test_the_pieces_of_a_call_join_and_its_first_name_stays() -> None:
    answer = KeptAnswer()
    for piece, name in (('{"a"', "f" * 500), (":1}", "g")):
        answer.add_tool_call(Delta(DeltaKind.TOOL_CALL, piece, name=name, call=0))
    [call] = answer.tool_calls.values()
    assert (call.name, call.arguments.getvalue()) == ("f" * MAX_NAME_CHARS, '{"a":1}')


def test_what_goes_over_the_bound_is_left_out_and_said() -> None:
    answer, cut = KeptAnswer(), []
    for said in ("x" * MAX_TEXT_CHARS, "y", ""):
        answer.add_text(text(said))
        cut.append(answer.is_cut)
    assert cut == [False, True, True]
    assert len(answer.text_of(DeltaKind.TEXT)) == MAX_TEXT_CHARS


def test_a_step_that_is_taken_back() -> None:
    answer = KeptAnswer()
    answer.add_text(text("kept"))
    answer.begin_step()
    answer.add_text(text(" gone"))
    answer.add_tool_call(Delta(DeltaKind.TOOL_CALL, "{}", call=0))
    answer.reset_step()
    answer.add_text(text(" again"))
    assert (answer.text_of(DeltaKind.TEXT), answer.tool_calls) == ("kept again", {})
