import type { Bounds } from "./ranges";
import { words as english, type Words } from "./languages/en";

export type Word = keyof Words;
export type Language = string;

const FILES = import.meta.glob<{ words: Words }>("./languages/*.ts", { eager: true });
/** Every file of languages/, by its code. */
export const LANGUAGES: Record<Language, Words> = Object.fromEntries(
    Object.entries(FILES).map(([path, { words }]) => [path.replace(/^.*\/(.+)\.ts$/, "$1"), words]),
);

export type Speech = {
    language: Language;
    say: (word: Word, values?: Record<string, string | number>) => string;
    number: (value: number, options?: Intl.NumberFormatOptions) => string;
    /** Of an instant, in a time zone. */
    time: (instant: string, timeZone: string, options: Intl.DateTimeFormatOptions) => string;
    /** From one instant to another, in a time zone. */
    span: (start: string, end: string, timeZone: string) => string;
    /** Of days of the calendar. */
    days: (from: string, to: string) => string;
};

export function speechOf(language: Language): Speech {
    const words = LANGUAGES[language] ?? english;
    // English of Britain has other dates than English of the United States.
    const locale = navigator.languages.find((each) => each === language || each.startsWith(`${language}-`)) ?? language;
    const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();
    function kept<Format extends Intl.NumberFormat | Intl.DateTimeFormat>(options: object, make: () => Format): Format {
        const key = JSON.stringify(options);
        const format = (formats.get(key) as Format | undefined) ?? make();
        formats.set(key, format);
        return format;
    }
    return {
        language,
        say: (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? "")),
        number: (value, options = {}) => kept(options, () => new Intl.NumberFormat(locale, options)).format(value),
        time: (instant, timeZone, options) => {
            const all = { timeZone, ...options };
            return kept(all, () => new Intl.DateTimeFormat(locale, all)).format(new Date(instant));
        },
        span: (start, end, timeZone) => {
            const options = { timeZone, dateStyle: "medium", timeStyle: "short" } as const;
            return kept(options, () => new Intl.DateTimeFormat(locale, options)).formatRange(
                new Date(start),
                new Date(end),
            );
        },
        days: (from, to) => {
            const options = { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" } as const;
            return kept(options, () => new Intl.DateTimeFormat(locale, options)).formatRange(
                new Date(from),
                new Date(to),
            );
        },
    };
}

/** The days of a range, whose last one may end at a time of day. */
export function daysOfBounds({ start, end }: Bounds, { days }: Speech): string {
    return days(start, end.slice(0, 10));
}

export function usualLanguage(): Language {
    const codes = navigator.languages.map((each) => each.split("-")[0] ?? "");
    return codes.find((code) => code in LANGUAGES) ?? "en";
}
