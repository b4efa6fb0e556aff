//! Answers every text with the same text, in groups that it is in, too, until it is interrupted. What was said while the server
//! could not be reached is answered when it is back.
//!
//!     cargo run -p halley-client --example echo-bot -- --help

mod common;

use clap::Parser;
use futures::StreamExt;
use halley_client::{ChatEvent, Draft, HalleyChat, Message, OutgoingState};
use serde_json::json;

/// Answers what it is told.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: common::Place,
    /// What stands before the answer
    #[arg(long, default_value = "You said: ")]
    prefix: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (bot, mut events) = options.place.login(1).await?;
    println!("{} listens; Ctrl-C ends it", bot.uid());
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(ChatEvent::Message(message)) if is_question(&bot, &message) => {
                    answer(&bot, &message, &options.prefix).await;
                }
                Some(ChatEvent::Outgoing(answer)) => {
                    if let OutgoingState::Failed(error) = answer.state {
                        eprintln!("not answered: {error}");
                    }
                }
                Some(ChatEvent::Connection(state)) => println!("{state:?}"),
                Some(ChatEvent::Lost { events }) => println!("{events} events came too fast"),
                Some(ChatEvent::Logout(reason)) => println!("logged out: {reason:?}"),
                Some(_) => {}
                None => return Ok(()),
            },
            signal = tokio::signal::ctrl_c() => {
                signal?;
                bot.close().await;
                return Ok(());
            }
        }
    }
}

/// Two bots would answer each other for ever, so an answer says that it is one.
fn is_question(bot: &HalleyChat, message: &Message) -> bool {
    let is_answer = message.metadata.as_ref().is_some_and(|metadata| metadata["isEcho"] == true);
    message.category == "message" && message.kind == "text" && message.sender != bot.uid() && !is_answer
}

async fn answer(bot: &HalleyChat, message: &Message, prefix: &str) {
    let peer = message.receiver.seen_from(bot.uid(), &message.sender);
    let text = format!("{prefix}{}", message.text.as_deref().unwrap_or_default());
    println!("{}: {}", message.sender, message.text.as_deref().unwrap_or_default());
    let mut draft = Draft::text(&peer, &text).metadata(json!({"isEcho": true}));
    if let Some(parent_id) = message.parent_id {
        draft = draft.parent_id(parent_id);
    }
    // What becomes of it is told by an event: while the server is away it waits, and others are listened to.
    if let Err(error) = bot.messages().queue(draft).await {
        eprintln!("not answered: {error}");
    }
    if let Err(error) = bot.mark_read(message).await {
        eprintln!("not marked as read: {error}");
    }
}
