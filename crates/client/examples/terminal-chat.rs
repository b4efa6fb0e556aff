//! A chat in the terminal: what is typed goes to one user or group, what comes is printed.
//!
//!     cargo run -p halley-client --example terminal-chat -- --help

mod common;

use std::io::BufRead;

use anyhow::Result;
use clap::Parser;
use futures::StreamExt;
use halley_client::{
    ChatEvent, ClientError, Draft, HalleyChat, Message, MessageAction, OutgoingState, ReceiptKind, Receiver,
};
use tokio::sync::mpsc;

const HELP: &str =
    "/list: conversations   /to UID, /group GUID: talk to somebody else   /history: what was said   /quit";

/// Chats with a user or a group.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    place: common::Place,
    /// Uid of whom to talk to; somebody of the app without it
    #[arg(long)]
    to: Option<String>,
    /// Guid of the group to talk in
    #[arg(long, conflicts_with = "to")]
    group: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let (chat, mut events) = options.place.login(0).await?;
    let mut peer = match (&options.to, &options.group) {
        (_, Some(guid)) => Receiver::group(guid),
        (Some(uid), None) => Receiver::user(uid),
        (None, None) => somebody(&chat).await?,
    };
    println!("You are {}, and talk to {}. {HELP}", chat.uid(), peer.id());
    let mut lines = read_lines();
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => show(&chat, event).await,
                None => return Ok(()),
            },
            line = lines.recv() => {
                let line = line.unwrap_or_else(|| "/quit".into());
                if line == "/quit" {
                    chat.close().await;
                    return Ok(());
                }
                if let Err(error) = obey(&chat, &mut peer, line.trim()).await {
                    println!("! {error}");
                }
            }
        }
    }
}

/// Standard input blocks, so it has a thread of its own.
fn read_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

async fn somebody(chat: &HalleyChat) -> Result<Receiver, ClientError> {
    let users = chat.users().list().limit(2).next_page().await?;
    let other = users.iter().find(|user| user.uid != chat.uid());
    Ok(Receiver::user(other.map_or(chat.uid(), |user| &user.uid)))
}

async fn obey(chat: &HalleyChat, peer: &mut Receiver, line: &str) -> Result<(), ClientError> {
    match line.split_once(' ').unwrap_or((line, "")) {
        ("", _) => {}
        ("/to", uid) => *peer = Receiver::user(uid),
        ("/group", guid) => *peer = Receiver::group(guid),
        ("/list", _) => {
            for conversation in chat.conversations().list().limit(20).next_page().await? {
                println!("  {} ({} unread)", conversation.with.id(), conversation.unread_count);
            }
        }
        ("/history", _) => {
            for message in chat.messages().list_with(peer).limit(20).previous_page().await? {
                println!("  {}", written(&message));
            }
        }
        (command, _) if command.starts_with('/') => println!("{HELP}"),
        _ => drop(chat.messages().queue(Draft::text(peer, line)).await?),
    }
    Ok(())
}

async fn show(chat: &HalleyChat, event: ChatEvent) {
    match event {
        ChatEvent::Message(message) if message.device.as_deref() != Some(chat.device_id()) => {
            println!("{}", written(&message));
            if let Err(error) = chat.mark_read(&message).await {
                println!("! {error}");
            }
        }
        ChatEvent::Typing(typing) if typing.is_typing => println!("  {} types", typing.user.name),
        ChatEvent::Presence(told) => {
            println!("  {} is {}", told.user.name, if told.is_online { "online" } else { "offline" });
        }
        ChatEvent::Receipt(receipt) if receipt.kind == ReceiptKind::Read && receipt.user.uid != chat.uid() => {
            println!("  {} has read it", receipt.user.name);
        }
        ChatEvent::Reaction(told) if told.is_added => {
            println!("  {} reacts with {}", told.reaction.user.name, told.reaction.reaction);
        }
        ChatEvent::Outgoing(own) => {
            if let OutgoingState::Failed(error) = own.state {
                println!("! not sent: {} ({error})", own.message.text.unwrap_or_default());
            }
        }
        ChatEvent::Connection(state) => println!("  {state:?}"),
        ChatEvent::Logout(reason) => println!("  logged out: {reason:?}"),
        _ => {}
    }
}

fn written(message: &Message) -> String {
    let sender = &message.sender;
    let place = match &message.receiver {
        Receiver::Group(guid) => format!(" in {guid}"),
        Receiver::User(_) => String::new(),
    };
    match message.told_action() {
        Some(MessageAction::Edited { message, .. }) => {
            format!("{sender}{place} edited: {}", message.text.unwrap_or_default())
        }
        Some(MessageAction::Deleted { .. }) => format!("{sender}{place} deleted a message"),
        Some(MessageAction::Membership(told)) => format!("{} {}{place}", told.on.name, told.kind.as_str()),
        None if message.deleted_at.is_some() => format!("{sender}{place}: (deleted)"),
        None => format!("{sender}{place}: {}", message.text.as_deref().unwrap_or(&message.kind)),
    }
}
