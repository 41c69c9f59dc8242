import hashlib
from base64 import b64encode

import argon2
import bcrypt
import pytest

from auth.foreign_hashes import InvalidHash, checked_hash, matches

SALT, DIGEST = "A" * 22, "A" * 43
ARGON2 = f"{SALT}${DIGEST}"
BCRYPT = "A" * 53


@pytest.mark.parametrize(
    "text",
    [
        f"$argon2id$v=19$m=65536,t=3,p=4${ARGON2}",
        f"$argon2id$v=19$m=262144,t=4,p=16${ARGON2}",
        f"argon2$argon2d$v=19$m=102400,t=2,p=8${ARGON2}",
        f"$2b$14${BCRYPT}",
        f"$2y$04${BCRYPT}",
        f"bcrypt$$2a$10${BCRYPT}",
        f"bcrypt_sha256$$2b$12${BCRYPT}",
        f"pbkdf2_sha256$2000000$salt${DIGEST}=",
    ],
)
def test_a_hash_that_is_not_too_costly_is_taken_as_it_is(text: str) -> None:
    assert checked_hash(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"$argon2id$v=19$m=262145,t=1,p=1${ARGON2}", "argon2 may take 262,144 KiB"),
        (f"$argon2id$v=19$m=262144,t=5,p=1${ARGON2}", "argon2 may take 262,144 KiB"),
        (f"$argon2id$v=19$m=65536,t=1,p=17${ARGON2}", "argon2 may take 262,144 KiB"),
        (f"$argon2id$v=19$m=1,t=1${ARGON2}", "the hash of argon2 is not complete"),
        ("$argon2id$", "the password hash is none of"),
        (f"$2b$15${BCRYPT}", "bcrypt may have a cost from 4 to 14"),
        (f"$2b$03${BCRYPT}", "bcrypt may have a cost from 4 to 14"),
        (f"$2x$10${BCRYPT}", "the password hash is none of"),
        (f"$2b$10${BCRYPT[1:]}", "the password hash is none of"),
        (f"pbkdf2_sha256$2000001$salt${DIGEST}=", "PBKDF2 may have 2,000,000 iterations"),
        (f"pbkdf2_sha256$0$salt${DIGEST}=", "PBKDF2 may have 2,000,000 iterations"),
        (f"pbkdf2_sha1$1000$salt${DIGEST}=", "the password hash is none of"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "the password hash is none of"),
        ("a password", "the password hash is none of"),
        (f"$argon2id$v=19$m=65536,t=3,p=4${ARGON2}ä", "the password hash is none of"),
        (f"$argon2id$v=19$m=65536,t=3,p=4$\0{ARGON2}", "the password hash is none of"),
        (f"pbkdf2_sha256$1000$s\0lt${DIGEST}=", "the password hash is none of"),
        ("$2b$" * 64, "a password hash has 255 characters at most"),
    ],
)
def test_what_is_too_costly_or_not_known_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidHash, match=reason) as refused:
        checked_hash(text)
    assert text not in str(refused.value)


def test_passwords_match_as_in_the_system_that_hashed_them() -> None:
    """Beyond 72 bytes, bcrypt takes no part of a password; Django's bcrypt_sha256 does."""
    long = "ä" * 40
    made = b64encode(hashlib.pbkdf2_hmac("sha256", long.encode(), b"s\xc3\xa4lt", 3)).decode()
    cut = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    digest = hashlib.sha256(long.encode()).hexdigest().encode()
    whole = "bcrypt_sha256$" + bcrypt.hashpw(digest, bcrypt.gensalt(4)).decode()
    small = argon2.PasswordHasher(1, 64, 1, type=argon2.Type.D).hash(long)

    for known in (f"pbkdf2_sha256$3$sält${made}", cut, cut.replace("$2b$", "$2y$"), whole, small):
        assert matches(checked_hash(known), long)
        assert not matches(known, "another")
        assert not matches(known, "")
    assert matches(cut, long + "x")
    assert not matches(whole, long + "x")
    assert not matches("5f4dcc3b5aa765d61d8327deb882cf99", "password")
