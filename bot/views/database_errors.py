"""What people are told when a site's database gave no answer: a sentence each, to be ended with a reference."""

from __future__ import annotations

from bot.domain.site_error_kind import SiteErrorKind

TROUBLES = {
    SiteErrorKind.DAMAGED: "The site database of {site} is damaged, or no database at all. Please tell the bot's admin",
    SiteErrorKind.UNREACHABLE: "The site database of {site} cannot be reached now. Please try again in a few minutes",
    SiteErrorKind.CERTIFICATE: "I do not trust the certificate of {site}'s database server. "
    "Please tell the bot's admin",
    SiteErrorKind.LOGIN: "The site database of {site} refused my login. Please tell the bot's admin",
    SiteErrorKind.PERMISSION: "I am not allowed to read the package tables of {site}. Please tell the bot's admin",
    SiteErrorKind.SCHEMA: "The database of {site} lacks a table that every site has. Please tell the bot's admin",
    SiteErrorKind.TIMEOUT: "The site database of {site} took too long to answer. Please try again in a few minutes",
    SiteErrorKind.LOCKED: "Somebody holds the package tables of {site} locked. Please try again in a minute",
    SiteErrorKind.DEADLOCK: "The site database of {site} was too busy to answer. Please try again in a minute",
    SiteErrorKind.READ_ONLY: "The database of {site} can only be read from here. Please tell the bot's admin",
    SiteErrorKind.WRONG_DATABASE: "My settings name a wrong database for {site}. Please tell the bot's admin",
    SiteErrorKind.DRIVER: "The driver for the database of {site} is not installed. Please tell the bot's admin",
    SiteErrorKind.OTHER: "The site database of {site} gave an error. Please try again, or tell the bot's admin",
}
