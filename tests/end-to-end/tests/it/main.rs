//! The platform started as users start it, driven from outside over HTTP and WebSocket.
//!
//! Everything in [`chat`] and [`bad_input`] runs in both forms: one process, and many with two gateway nodes and two
//! messaging replicas; so do [`rest_api`], which calls every path of the API, [`message_changes`], [`media`], which sends
//! files, [`threads_and_pins`], which also sends to several and as a bot, [`permissions`], which says who may do what,
//! [`people`], [`calls`], [`call_media`], where devices in a call agree on their media, [`moderation`], where messages are reported and the app's use is counted, [`management`], where
//! operators make and set apps, [`operators`], who log in, [`rate_limits`], [`resume`], where sockets are cut and a [`mirror`] of each is compared with
//! history, and [`openapi`]: every answer of all of them is compared with the API's description.
//! [`binary_frames`] compares devices whose frames are binary with such as have JSON.
//! [`socket_sends`] are messages that are sent over the socket, compared with those over HTTP. [`signals`] are what sockets hear besides messages: typing, transient messages, presence, receipts and changes of groups.
//! [`deletion`] deletes for good what users, conversations and apps were, [`personal_data`] hands out all that is stored of a user and
//! looks for what is left of one who was deleted. [`nodes`] are those that hold sockets. [`endpoints`] goes through the table of all
//! documented [`operations`], [`isolation`] calls them from one app against another, [`walks`] and [`list_cursors`] page
//! through every list. [`webhooks`] are called when something happens. [`model`] does all that changes anything, at random, and compares what clients build of it with what
//! they would fetch; [`fuzz`] sends what makes no sense. [`scenario`] is a story that all client libraries play; [`rust_sdk`] calls every function of the Rust one. [`clients`] are programs in other languages. [`faults`] kills processes in
//! the middle of a load; [`import`] brings an archive in; [`operation`] starts, stops and secures the program.

mod bad_input;
mod binary_frames;
mod call_media;
mod calls;
mod chat;
mod clients;
mod deletion;
mod endpoints;
mod faults;
mod fuzz;
mod import;
mod isolation;
mod list_cursors;
mod management;
mod media;
mod message_changes;
mod mirror;
mod model;
mod moderation;
mod nodes;
mod openapi;
mod operation;
mod operations;
mod operators;
mod people;
mod permissions;
mod personal_data;
mod rate_limits;
mod rest_api;
mod resume;
mod rust_sdk;
mod scenario;
mod search;
mod signals;
mod socket_sends;
mod support;
mod threads_and_pins;
mod walks;
mod webhooks;
