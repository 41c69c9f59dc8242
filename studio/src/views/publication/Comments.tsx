import { type Page, useOlder } from "../../api/useOlder";
import { useSpeech } from "../../app-context";
import {
    type CommentPageFragment,
    CommentPageFragmentDoc,
    NewestCommentsDocument,
    OlderCommentsDocument,
    read,
} from "../../documents";
import { Later } from "../../parts/Later";
import { Newest } from "../../parts/Newest";

type Props = { url: string; renewedBy: unknown };
type Comment = CommentPageFragment["edges"][number]["node"];

export function Comments({ url, renewedBy }: Props) {
    return (
        <Later
            document={NewestCommentsDocument}
            url={url}
            renewedBy={renewedBy}
            partOf={({ publication }) => read(CommentPageFragmentDoc, publication?.comments)}
        >
            {(newest) => <List newest={newest} url={url} />}
        </Later>
    );
}

function List({ newest, url }: { newest: Page<Comment>; url: string }) {
    const { say } = useSpeech();
    const older = useOlder(newest, OlderCommentsDocument, url, (data) =>
        read(CommentPageFragmentDoc, data.publication?.comments),
    );
    return (
        <Newest
            title={say("newestComments")}
            head={[say("writtenBy"), say("comment")]}
            nothing={say("noComments")}
            older={older}
            personOf={({ author }) => author}
            query={{ document: NewestCommentsDocument, variables: { url } }}
            table={{
                head: [say("writtenAt"), say("writtenBy"), say("comment")],
                rows: older.nodes.map(({ createdAt, author, body }) => [createdAt, author.name ?? author.username, body]),
            }}
        >
            {({ body }) => body}
        </Newest>
    );
}
