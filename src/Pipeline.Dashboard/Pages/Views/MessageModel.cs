namespace Pipeline.Dashboard.Pages.Views;

/// <summary>A page that says one thing.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Text">What happened and what to do.</param>
internal sealed record MessageModel(string Title, string Text);
