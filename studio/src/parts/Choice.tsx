import { useId } from "preact/hooks";

type Props = {
    label: string;
    value: string;
    options: [value: string, text: string][];
    choose: (value: string) => void;
};

/** One of several. The browser's own control works with keyboards, phones and screen readers alike. */
export function Choice({ label, value, options, choose }: Props) {
    const id = useId();
    return (
        <div class="choice">
            <label for={id}>{label}</label>
            <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
                {options.map(([each, text]) => (
                    <option key={each} value={each} selected={each === value}>
                        {text}
                    </option>
                ))}
            </select>
        </div>
    );
}
