import { useSpeech } from "../../app-context";
import { type FragmentType, KeptAndTakenBackDocument, TakenBackFragmentDoc, read } from "../../documents";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Panel";
import type { PublicationVariables } from "./PublicationView";

type Props = { publication: FragmentType<typeof TakenBackFragmentDoc>; variables: PublicationVariables };

/** Likes, bookmarks, comments and bookings of the range: those that stand, and those that do not. */
export function TakenBack({ publication, variables }: Props) {
    const { say, days } = useSpeech();
    const { kept } = read(TakenBackFragmentDoc, publication);
    if (!kept) return null;
    const { takenBack } = kept;
    const table = {
        head: [say("figure"), say("kept"), say("takenBack")],
        rows: [
            [say("LIKE"), kept.totalLikes, takenBack.likes],
            [say("BOOKMARK"), kept.totalBookmarks, takenBack.bookmarks],
            [say("COMMENT"), kept.totalComments, takenBack.comments],
            [say("BOOK"), kept.totalAppointments, takenBack.appointments],
        ],
    };
    return (
        <Panel
            title={say("keptTitle")}
            subtitle={days(variables.range.start, variables.range.end)}
            query={{ document: KeptAndTakenBackDocument, variables }}
            table={table}
            isTable
        >
            <DataTable table={table} caption={say("keptTitle")} />
        </Panel>
    );
}
