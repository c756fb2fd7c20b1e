"""What people are told when a site's database gave no answer: a sentence each, to be ended with a reference."""

from __future__ import annotations

from bot.domain.trouble import SiteTrouble

TROUBLES = {
    SiteTrouble.DAMAGED: "The site database of {site} is damaged, or no database at all. Please tell the bot's admin",
    SiteTrouble.UNREACHABLE: "The site database of {site} cannot be reached now. Please try again in a few minutes",
    SiteTrouble.CERTIFICATE: "I do not trust the certificate of {site}'s database server. Please tell the bot's admin",
    SiteTrouble.LOGIN: "The site database of {site} refused my login. Please tell the bot's admin",
    SiteTrouble.PERMISSION: "I am not allowed to read the package tables of {site}. Please tell the bot's admin",
    SiteTrouble.SCHEMA: "The database of {site} lacks a table that every site has. Please tell the bot's admin",
    SiteTrouble.TIMEOUT: "The site database of {site} took too long to answer. Please try again in a few minutes",
    SiteTrouble.LOCKED: "Somebody holds the package tables of {site} locked. Please try again in a minute",
    SiteTrouble.DEADLOCK: "The site database of {site} was too busy to answer. Please try again in a minute",
    SiteTrouble.READ_ONLY: "The database of {site} can only be read from here. Please tell the bot's admin",
    SiteTrouble.WRONG_DATABASE: "My settings name a wrong database for {site}. Please tell the bot's admin",
    SiteTrouble.DRIVER: "The driver for the database of {site} is not installed. Please tell the bot's admin",
    SiteTrouble.OTHER: "The site database of {site} gave an error. Please try again, or tell the bot's admin",
}
