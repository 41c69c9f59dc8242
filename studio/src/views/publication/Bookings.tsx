import { type Page, useOlder } from "../../api/useOlder";
import { useApp } from "../../app-context";
import {
    type BookingPageFragment,
    BookingPageFragmentDoc,
    NewestBookingsDocument,
    OlderBookingsDocument,
    read,
} from "../../documents";
import { Later } from "../../parts/Later";
import { Moment, Newest } from "../../parts/Newest";

type Props = { url: string; renewedBy: unknown };
type Booking = BookingPageFragment["edges"][number]["node"];

export function Bookings({ url, renewedBy }: Props) {
    return (
        <Later
            document={NewestBookingsDocument}
            url={url}
            renewedBy={renewedBy}
            partOf={({ publication }) => read(BookingPageFragmentDoc, publication?.appointments)}
        >
            {(newest) => <List newest={newest} url={url} />}
        </Later>
    );
}

function List({ newest, url }: { newest: Page<Booking>; url: string }) {
    const { say } = useApp().speech;
    const older = useOlder(newest, OlderBookingsDocument, url, (data) =>
        read(BookingPageFragmentDoc, data.publication?.appointments),
    );
    return (
        <Newest
            title={say("newestBookings")}
            head={[say("bookedBy"), say("slot")]}
            nothing={say("noBookings")}
            older={older}
            personOf={({ bookedBy }) => bookedBy}
            query={{ document: NewestBookingsDocument, variables: { url } }}
            table={{
                head: [say("from"), say("to"), say("bookedBy"), say("bookedAt"), say("cancelled")],
                rows: older.nodes.map(({ startsAt, endsAt, bookedBy, createdAt, cancelledAt }) => [
                    startsAt,
                    endsAt,
                    bookedBy.name ?? bookedBy.username,
                    createdAt,
                    cancelledAt ?? null,
                ]),
            }}
        >
            {(booking) => <Slot booking={booking} />}
        </Newest>
    );
}

function Slot({ booking: { startsAt, endsAt, cancelledAt } }: { booking: Booking }) {
    const { speech, filters } = useApp();
    const slot = speech.span(startsAt, endsAt, filters.timeZone);
    if (!cancelledAt) return <>{slot}</>;
    return (
        <>
            <s>{slot}</s>{" "}
            <span class="cancelled">
                {speech.say("cancelled")}: <Moment at={cancelledAt} />
            </span>
        </>
    );
}
