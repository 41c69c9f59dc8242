"""What happens in a page, and the events that it becomes."""

import pytest

from models import Action
from tests.browser.conftest import Open, Tab, World
from tests.browser.live import LiveServer, Stored
from tests.browser.sites import HELD, MODEL_VIEWER, Site, snippet

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Stage:
    """A page with models in it, whose visitor leaves when all has happened."""

    def __init__(self, live: LiveServer, world: World, site: Site, opened: Open) -> None:
        self.world = world
        self._live = live
        self._site = site
        self._opened = opened

    async def set(self, models: str, *, snippet_first: bool = True) -> Tab:
        script = snippet(self._live.url, f"data-asset={self.world.chair} data-domain=a.example")
        models = MODEL_VIEWER + models
        html = script + models if snippet_first else models + script
        return await self._opened(self._site.show(HELD + html))

    async def looked(self, tab: Tab, times: int = 1) -> None:
        """As soon as a model was looked at for long enough, so often."""
        await tab.page.wait_for_function(f"looks === {times}")

    async def ends(self, tab: Tab, count: int) -> list[Stored]:
        """In the order in which it happened: all goes out as one beacon."""
        await tab.leave()
        stored = await self._live.holds(count)
        assert tab.complaints == []
        (sent,) = self._live.sent
        order = sent.ids
        return sorted(stored, key=lambda event: order.index(str(event.id)))


@pytest.fixture
def stage(live: LiveServer, world: World, site: Site, opened: Open) -> Stage:
    return Stage(live, world, site, opened)


def _actions(events: list[Stored]) -> list[Action]:
    return [event.action for event in events]


async def test_a_view_is_the_first_time_that_a_model_shows(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load()")
    await stage.looked(tab)
    await tab.run("it.scroll(false); it.scroll(true); it.load()")
    assert _actions(await stage.ends(tab, 1)) == [Action.VIEW_3D]


async def test_a_model_behind_its_poster_or_off_screen_is_not_viewed_yet(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it reveal=manual></model-viewer>")
    await tab.run("it.load(); viewgraph.arScan(); it.scroll(false); it.dismissPoster(); viewgraph.arScan()")
    await tab.run("it.scroll(true)")
    await stage.looked(tab)
    assert _actions(await stage.ends(tab, 3)) == [Action.AR_SCAN, Action.AR_SCAN, Action.VIEW_3D]


async def test_what_is_inside_a_model_has_events_of_its_own(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it><div id=inside></div></model-viewer>")
    await tab.run("""for (const [type, detail] of Object.entries({
        load: {},
        "model-visibility": { visible: true },
        "camera-change": { source: "user-interaction" },
        "ar-status": { status: "session-started" },
        click: 1,
      })) inside.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }))""")
    await tab.run("viewgraph.arScan()")
    assert _actions(await stage.ends(tab, 1)) == [Action.AR_SCAN]


async def test_a_model_that_is_gone_before_a_second_is_over_was_not_looked_at(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load(); it.scroll(false)")
    await tab.page.wait_for_timeout(100)
    await tab.run("it.scroll(true); it.scroll(false)")
    await tab.page.wait_for_timeout(100)
    await tab.run("viewgraph.arScan()")
    assert _actions(await stage.ends(tab, 1)) == [Action.AR_SCAN]


async def test_a_model_that_showed_before_the_snippet_came_is_viewed(stage: Stage) -> None:
    tab = await stage.set("<model-viewer shown></model-viewer>", snippet_first=False)
    await stage.looked(tab)
    (view,) = await stage.ends(tab, 1)
    assert (view.action, view.asset) == (Action.VIEW_3D, stage.world.chair)


async def test_each_element_may_show_an_asset_of_its_own(stage: Stage) -> None:
    table = stage.world.table
    tab = await stage.set(
        f"<model-viewer id=one></model-viewer><model-viewer id=two data-asset={table}></model-viewer>"
    )
    await tab.run("one.load()")
    await stage.looked(tab)
    await tab.run("two.load()")
    await stage.looked(tab, 2)
    await tab.run("two.turn(1, 0); one.turn(1, 0)")
    events = await stage.ends(tab, 4)
    assert [(event.action, event.asset) for event in events] == [
        (Action.VIEW_3D, stage.world.chair),
        (Action.VIEW_3D, table),
        (Action.INTERACTION, table),
        (Action.INTERACTION, stage.world.chair),
    ]
    assert events[0].view == events[3].view
    assert events[1].view == events[2].view
    assert events[0].view != events[1].view


async def test_another_asset_in_the_same_element_is_another_view(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load()")
    await stage.looked(tab)
    await tab.run(f"it.dataset.asset = '{stage.world.table}'; it.load()")
    await stage.looked(tab, 2)
    first, second = await stage.ends(tab, 2)
    assert (first.action, first.asset) == (Action.VIEW_3D, stage.world.chair)
    assert (second.action, second.asset) == (Action.VIEW_3D, stage.world.table)
    assert first.view != second.view


async def test_a_gesture_is_one_interaction_until_a_second_of_rest(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load()")
    await stage.looked(tab)
    await tab.run("it.turn(60, 1000); it.turn(60, 2943)")
    await tab.run("it.turn(5, 10000, 'automatic'); it.turn(5, 20000, 'none')")
    await tab.run("it.turn(60, 30000)")
    assert _actions(await stage.ends(tab, 3)) == [Action.VIEW_3D, Action.INTERACTION, Action.INTERACTION]


async def test_the_ar_button_counts_where_no_session_is_told_of(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load()")
    await stage.looked(tab)
    await tab.run("it.press('default-ar-button'); it.press('default-ar-button')")
    assert _actions(await stage.ends(tab, 3)) == [Action.VIEW_3D, Action.AR_CLICK, Action.AR_CLICK]


async def test_the_session_that_the_ar_button_began_does_not_count_again(stage: Stage) -> None:
    tab = await stage.set("<model-viewer id=it></model-viewer>")
    await tab.run("it.load()")
    await stage.looked(tab)
    await tab.run("it.ar('not-presenting'); it.press('default-ar-button')")
    await tab.run("it.ar('session-started'); it.ar('object-placed'); it.ar('not-presenting')")
    await tab.run("it.press('default-exit-webxr-ar-button'); it.ar('session-started')")
    assert _actions(await stage.ends(tab, 3)) == [Action.VIEW_3D, Action.AR_CLICK, Action.AR_CLICK]


async def test_a_button_of_the_pages_own_counts_in_its_slot_and_a_double_click_once(stage: Stage) -> None:
    tab = await stage.set(
        "<model-viewer id=it shown><button id=go slot=ar-button>Go</button><button id=no>No</button>"
        "</model-viewer>"
    )
    await stage.looked(tab)
    await tab.page.dblclick("#go")
    await tab.page.click("#no")
    assert _actions(await stage.ends(tab, 2)) == [Action.VIEW_3D, Action.AR_CLICK]


async def test_by_hand_each_view_is_a_new_one_and_the_rest_belongs_to_it(stage: Stage) -> None:
    table = stage.world.table
    tab = await stage.set("")
    await tab.run("viewgraph.view3d(); viewgraph.interaction(); viewgraph.arClick(); viewgraph.arScan()")
    await tab.run(f"viewgraph.view3d('{table}'); viewgraph.interaction(); viewgraph.view3d()")
    await tab.run(f"viewgraph.interaction(); viewgraph.arScan('{table}')")
    await tab.run("document.body.onclick = viewgraph.arClick; document.body.click()")
    events = await stage.ends(tab, 10)
    views = list(dict.fromkeys(event.view for event in events))
    assert [(event.action, event.asset == table, views.index(event.view)) for event in events] == [
        (Action.VIEW_3D, False, 0),
        (Action.INTERACTION, False, 0),
        (Action.AR_CLICK, False, 0),
        (Action.AR_SCAN, False, 0),
        (Action.VIEW_3D, True, 1),
        (Action.INTERACTION, False, 0),
        (Action.VIEW_3D, False, 2),
        (Action.INTERACTION, False, 2),
        (Action.AR_SCAN, True, 1),
        (Action.AR_CLICK, False, 2),
    ]


async def test_by_hand_goes_on_with_the_view_that_an_element_began(stage: Stage) -> None:
    tab = await stage.set("<model-viewer shown></model-viewer>")
    await stage.looked(tab)
    await tab.run("viewgraph.arClick()")
    view, click = await stage.ends(tab, 2)
    assert (view.action, click.action) == (Action.VIEW_3D, Action.AR_CLICK)
    assert view.view == click.view
